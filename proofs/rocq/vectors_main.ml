(* Checks each test vector by the extracted specification. *)
let text chars = String.of_seq (List.to_seq chars)

let () =
  let wrong = List.filter (fun vector -> not (Vectors.check vector)) Vectors.vectors in
  List.iter (fun vector -> Printf.printf "%s: not as computed\n" (text (Vectors.name vector))) wrong;
  Printf.printf "%d of %d test vectors computed by the extracted specification\n"
    (List.length Vectors.vectors - List.length wrong) (List.length Vectors.vectors);
  exit (if wrong = [] then 0 else 1)

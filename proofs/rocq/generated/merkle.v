(* Generated from spec/src/merkle.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require bytes params weakening sha256.
Local Open Scope Z_scope.

Definition leaf (w : weakening.Weakening) (index : Z) (y : list Z) : list Z :=
  let index := (if w.(weakening.Weakening_leaf_without_index) then
    Rust.zeros 0
  else
    bytes.bytes [Rust.u8 index]) in
  sha256.sha256 (bytes.concat_all [bytes.bytes [0x00]; index; y]).

Definition leaf_requires (w : weakening.Weakening) (index : Z) (y : list Z) : bool :=
  index <? 256.

Definition inner (w : weakening.Weakening) (left : list Z) (right : list Z) : list Z :=
  if w.(weakening.Weakening_path_without_sides) && (Rust.less right left) then
    sha256.sha256 (((bytes.bytes [0x01]) ++ right) ++ left)
  else
    sha256.sha256 (((bytes.bytes [0x01]) ++ left) ++ right).

Definition level (w : weakening.Weakening) (keys : list (list Z)) (height : Z) : list (list Z) :=
  let nodes := [] in
  let nodes := Rust.for_range 0 (Rust.len keys) (fun i nodes =>
    let nodes := nodes ++ [(leaf w i (Rust.index keys i))] in
    nodes) nodes in
  let nodes := Rust.for_range 0 height (fun _ nodes =>
    let parents := [] in
    let parents := Rust.for_range 0 (Rust.len nodes / 2) (fun i parents =>
      let parents := parents ++ [(inner w (Rust.index nodes (Rust.usize (2 * i))) (Rust.index nodes (Rust.usize ((2 * i) + 1))))] in
      parents) parents in
    let nodes := parents in
    nodes) nodes in
  nodes.

Definition is_batch (count : Z) (depth : Z) : bool :=
  (depth <=? params.DEPTH_MAX) && (count =? (Rust.usize (Z.shiftl 1 depth))).

Definition is_path (path : list Z) : bool :=
  Rust.is_multiple_of (Rust.len path) sha256.DIGEST_LENGTH.

Definition root (w : weakening.Weakening) (keys : list (list Z)) (depth : Z) : list Z :=
  (Rust.index (level w keys depth) 0).

Definition root_requires (w : weakening.Weakening) (keys : list (list Z)) (depth : Z) : bool :=
  is_batch (Rust.len keys) depth.

Definition root_ensures (w : weakening.Weakening) (keys : list (list Z)) (depth : Z) (root : list Z) : bool :=
  Rust.len root =? sha256.DIGEST_LENGTH.

Definition path (w : weakening.Weakening) (keys : list (list Z)) (depth : Z) (index : Z) : list Z :=
  let path := Rust.zeros 0 in
  let path := Rust.for_range 0 depth (fun height path =>
    let path := path ++ (Rust.index (level w keys height) (Z.lxor (Z.shiftr index height) 1)) in
    path) path in
  path.

Definition path_requires (w : weakening.Weakening) (keys : list (list Z)) (depth : Z) (index : Z) : bool :=
  (is_batch (Rust.len keys) depth) && (index <? Rust.len keys).

Definition path_ensures (w : weakening.Weakening) (keys : list (list Z)) (depth : Z) (index : Z) (path : list Z) : bool :=
  (is_path path) && (Rust.len path =? (Rust.usize (sha256.DIGEST_LENGTH * depth))).

Definition root_of_path (w : weakening.Weakening) (index : Z) (y : list Z) (path : list Z) : list Z :=
  let node := leaf w index y in
  let node := Rust.for_range 0 (Rust.len path / sha256.DIGEST_LENGTH) (fun height node =>
    let sibling := Rust.slice path (Rust.usize (sha256.DIGEST_LENGTH * height)) sha256.DIGEST_LENGTH in
    let node := (if (Z.land (Z.shiftr index height) 1) =? 1 then
      inner w sibling node
    else
      inner w node sibling) in
    node) node in
  node.

Definition root_of_path_requires (w : weakening.Weakening) (index : Z) (y : list Z) (path : list Z) : bool :=
  (is_path path) && (index <? 256).

Definition root_of_path_ensures (w : weakening.Weakening) (index : Z) (y : list Z) (path : list Z) (root : list Z) : bool :=
  Rust.len root =? sha256.DIGEST_LENGTH.

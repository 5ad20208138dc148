(* Generated from spec/src/transcript.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require bytes cbor params weakening sha256.
Local Open Scope Z_scope.

Definition th_0 (w : weakening.Weakening) (suite : Z) (node : list Z) (header : list Z) (index : Z) (y : list Z) : list Z :=
  sha256.sha256 (bytes.concat_all [cbor.encode_tstr params.PROTOCOL;
   weakening.dropped (cbor.encode_uint suite) w.(weakening.Weakening_th_0_without_suite);
   weakening.dropped (cbor.encode_bstr node) w.(weakening.Weakening_th_0_without_node);
   cbor.encode_bstr header;
   cbor.encode_uint index;
   cbor.encode_bstr y]).

Definition th_1 (w : weakening.Weakening) (th_0 : list Z) (flags : Z) (x : list Z) : list Z :=
  sha256.sha256 (bytes.concat_all [cbor.encode_bstr th_0;
   weakening.dropped (cbor.encode_uint flags) w.(weakening.Weakening_flags_unbound);
   cbor.encode_bstr x]).

Definition th_2 (w : weakening.Weakening) (th_1 : list Z) (ct_1 : list Z) (client : list Z) : list Z :=
  sha256.sha256 (bytes.concat_all [cbor.encode_bstr th_1;
   cbor.encode_bstr ct_1;
   weakening.dropped (cbor.encode_bstr client) w.(weakening.Weakening_client_unbound)]).

Definition th_3 (th_2 : list Z) (ct_2 : list Z) : list Z :=
  sha256.sha256 (bytes.concat_all [cbor.encode_bstr th_2; cbor.encode_bstr ct_2]).

Definition th_4 (w : weakening.Weakening) (th_3 : list Z) (mode : Z) (z : list Z) : list Z :=
  sha256.sha256 (bytes.concat_all [weakening.dropped (cbor.encode_bstr th_3) w.(weakening.Weakening_th_4_without_th_3);
   weakening.dropped (cbor.encode_uint mode) w.(weakening.Weakening_th_4_without_mode);
   cbor.encode_bstr z]).

Definition th_5 (th_4 : list Z) (ct_3 : list Z) : list Z :=
  sha256.sha256 (bytes.concat_all [cbor.encode_bstr th_4; cbor.encode_bstr ct_3]).

(* Generated from spec/src/error.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require cbor.
Local Open Scope Z_scope.

Inductive Reject : Type :=
| Reject_Malformed
| Reject_NotDeterministic
| Reject_TrailingBytes
| Reject_UnsupportedAlgorithm
| Reject_UnsupportedVersion
| Reject_UnknownSuite
| Reject_WrongNode
| Reject_DepthOutOfRange
| Reject_EpochRollback
| Reject_Expired
| Reject_PrekeyCount
| Reject_IndexOutOfRange
| Reject_PathLength
| Reject_BadSignature
| Reject_RootMismatch
| Reject_InvalidPoint
| Reject_UnknownFlags
| Reject_EpochUnknown
| Reject_EpochTooOld
| Reject_PrekeyConsumed
| Reject_IdentityNotAuthentic
| Reject_UnknownClient
| Reject_UnknownAuthority
| Reject_WrongAudience
| Reject_CwtExpired
| Reject_EarlyDataNotAuthentic
| Reject_WrongExchange
| Reject_Downgrade
| Reject_ConfirmNotAuthentic
| Reject_DataTooLong
| Reject_NotOffered
| Reject_IndexTaken
| Reject_InvalidKey
| Reject_InvalidCredential
| Reject_BrokenRandomness
| Reject_EpochExhausted
| Reject_ExportLength.
#[global] Instance Reject_eqb : Rust.Eqb Reject :=
  fun a b => match a, b with
    | Reject_Malformed, Reject_Malformed => true
    | Reject_NotDeterministic, Reject_NotDeterministic => true
    | Reject_TrailingBytes, Reject_TrailingBytes => true
    | Reject_UnsupportedAlgorithm, Reject_UnsupportedAlgorithm => true
    | Reject_UnsupportedVersion, Reject_UnsupportedVersion => true
    | Reject_UnknownSuite, Reject_UnknownSuite => true
    | Reject_WrongNode, Reject_WrongNode => true
    | Reject_DepthOutOfRange, Reject_DepthOutOfRange => true
    | Reject_EpochRollback, Reject_EpochRollback => true
    | Reject_Expired, Reject_Expired => true
    | Reject_PrekeyCount, Reject_PrekeyCount => true
    | Reject_IndexOutOfRange, Reject_IndexOutOfRange => true
    | Reject_PathLength, Reject_PathLength => true
    | Reject_BadSignature, Reject_BadSignature => true
    | Reject_RootMismatch, Reject_RootMismatch => true
    | Reject_InvalidPoint, Reject_InvalidPoint => true
    | Reject_UnknownFlags, Reject_UnknownFlags => true
    | Reject_EpochUnknown, Reject_EpochUnknown => true
    | Reject_EpochTooOld, Reject_EpochTooOld => true
    | Reject_PrekeyConsumed, Reject_PrekeyConsumed => true
    | Reject_IdentityNotAuthentic, Reject_IdentityNotAuthentic => true
    | Reject_UnknownClient, Reject_UnknownClient => true
    | Reject_UnknownAuthority, Reject_UnknownAuthority => true
    | Reject_WrongAudience, Reject_WrongAudience => true
    | Reject_CwtExpired, Reject_CwtExpired => true
    | Reject_EarlyDataNotAuthentic, Reject_EarlyDataNotAuthentic => true
    | Reject_WrongExchange, Reject_WrongExchange => true
    | Reject_Downgrade, Reject_Downgrade => true
    | Reject_ConfirmNotAuthentic, Reject_ConfirmNotAuthentic => true
    | Reject_DataTooLong, Reject_DataTooLong => true
    | Reject_NotOffered, Reject_NotOffered => true
    | Reject_IndexTaken, Reject_IndexTaken => true
    | Reject_InvalidKey, Reject_InvalidKey => true
    | Reject_InvalidCredential, Reject_InvalidCredential => true
    | Reject_BrokenRandomness, Reject_BrokenRandomness => true
    | Reject_EpochExhausted, Reject_EpochExhausted => true
    | Reject_ExportLength, Reject_ExportLength => true
    | _, _ => false
    end.

Definition Reject_from (error : cbor.CborError) : Reject :=
  match error with
  | cbor.CborError_Malformed => Reject_Malformed
  | cbor.CborError_NotDeterministic => Reject_NotDeterministic
  | cbor.CborError_TrailingBytes => Reject_TrailingBytes
  end.

"""The compilers of one record's codec."""

from __future__ import annotations

from tlm_cmd.definition.decoder import DecodeFunction, compile_decoder
from tlm_cmd.definition.encoder import EncodeFunction, compile_encoder

__all__ = ["DecodeFunction", "EncodeFunction", "compile_decoder", "compile_encoder"]

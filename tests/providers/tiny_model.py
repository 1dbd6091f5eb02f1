"""A tiny language model with random weights, as a GGUF file: it knows nothing, and is served like any other."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

_WIDTH, _HIDDEN, _HEADS, _LAYERS, _CONTEXT = 32, 64, 2, 1, 4096


def write_tiny_model(path: Path, seed: int = 0) -> Path:
    """Write the model; equal seeds write equal files."""
    weights = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "llama")
    tokens = _add_vocabulary(writer)
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_HIDDEN)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_vocab_size(tokens)
    shapes = {"token_embd.weight": (tokens, _WIDTH), "output.weight": (tokens, _WIDTH)}
    for layer in range(_LAYERS):
        shapes |= {f"blk.{layer}.{name}.weight": shape for name, shape in _BLOCK.items()}
    for name, shape in shapes.items():
        writer.add_tensor(name, weights.standard_normal(shape, dtype=np.float32))
    norms = ["output_norm.weight", *(f"blk.{i}.{name}.weight" for i in range(_LAYERS) for name in ("attn_norm", "ffn_norm"))]
    for name in norms:
        writer.add_tensor(name, np.ones(_WIDTH, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


_BLOCK = {
    "attn_q": (_WIDTH, _WIDTH),
    "attn_k": (_WIDTH, _WIDTH),
    "attn_v": (_WIDTH, _WIDTH),
    "attn_output": (_WIDTH, _WIDTH),
    "ffn_gate": (_HIDDEN, _WIDTH),
    "ffn_up": (_HIDDEN, _WIDTH),
    "ffn_down": (_WIDTH, _HIDDEN),
}


def _add_vocabulary(writer: gguf.GGUFWriter) -> int:
    """A token for each byte, and the three that mark the unknown, the beginning and the end."""
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL, *[gguf.TokenType.BYTE] * 256]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    return len(tokens)

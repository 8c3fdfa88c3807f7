"""Networks: which there are, how one is loaded, and from pixels to logits."""

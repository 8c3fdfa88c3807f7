"""Expected gradients by our own estimator."""

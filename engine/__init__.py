"""The engine: attacks, explanations and evidence. Knows torch, knows no screen."""

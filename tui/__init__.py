"""The screen: knows Textual, imports no torch, shap or PIL."""

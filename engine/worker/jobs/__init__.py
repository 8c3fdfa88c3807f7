"""The worker's long work, one job a file; none imports torch before its first chunk."""

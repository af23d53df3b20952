"""The signal path: recordings, montage, causal filters, quality, windows."""

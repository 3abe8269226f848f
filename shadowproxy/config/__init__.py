"""The operator's file: models, loading with positions, overrides with their origins."""

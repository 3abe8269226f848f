"""One file for each change of the schema, each with its way back."""

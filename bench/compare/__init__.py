"""What comparing costs, beside libraries that compare documents, and through a whole judge."""

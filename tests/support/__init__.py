"""What the tests share: raw clients, scripted backends, and ways to run the product."""

"""`shadowproxy demo`: a small shop with planted bugs, real traffic, and what the proxy found."""

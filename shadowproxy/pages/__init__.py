"""HTML and SVG for people, made from the documents that the API answers; the only door to jinja2."""

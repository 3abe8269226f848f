"""`shadowproxy report`: where a report comes from, what it says of conditions, how it is written.

    sources ─► document ─┬─► conditions, measuring ─► exit code, reasons
                         └─► text | markdown | junit (| json | html) ─► output

Renderings are pure functions from the document to a text. Law: whatever a document holds, each of
them is well-formed, and nothing in it acts on the terminal, page or program that shows it.
"""

"""How quick the report is when much was recorded: pages, API, and judge beside them."""

"""How the schema came to be; run by `report.migrating`."""

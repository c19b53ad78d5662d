"""What people look at: the table in the terminal; later the page and the workbook."""

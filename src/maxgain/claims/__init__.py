"""The paper's claims: declared in one table, judged by one function each."""

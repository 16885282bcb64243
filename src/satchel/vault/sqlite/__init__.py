"""The embedded backend: one encrypted SQLite file (SQLite3 Multiple Ciphers through apsw)."""

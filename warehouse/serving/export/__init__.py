"""The released schema as files: CSV with its metadata, Parquet, Excel, and graphs of the units.

Everything is read from the released database, so an export tells no more than that does.
"""

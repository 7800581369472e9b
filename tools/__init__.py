"""The build: what `make book` does between a clone and a site. Nothing here is imported by mscmeta."""

"""What we measure: one question a file.  python -m analysis lists them, python -m analysis NAME answers one."""

"""What we show: one figure a file, data() and draw(data); its docstring is the caption.  python -m figures."""

"""What a page of HTML holds, read without a browser: its text, its elements, its links."""

from html.parser import HTMLParser

_WITHOUT_END = {"meta", "img"}


class Page(HTMLParser):
    """A page that was read.  Raises AssertionError if an element is not closed where it should be.

    text : all of it outside of elements that are not shown, spaces as they are
    elements : (name, attributes) in their order
    """

    def __init__(self, content):
        super().__init__()
        self.text, self.elements, self._open = "", [], []
        self.feed(content)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in _WITHOUT_END:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] not in ("style", "title"):
            self.text += data

    def named(self, *tags):
        """Attributes of the elements of these names."""
        return [attributes for tag, attributes in self.elements if tag in tags]

    def ids(self):
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]

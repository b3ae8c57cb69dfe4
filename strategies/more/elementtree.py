"""Plan of attack on xml.etree.ElementTree: elements whose children change while they are searched, walked or removed."""

from xml.etree import ElementTree as ET

from hypothesis import strategies as st

from deadhand import Handle, Reentry, Target, creates, hostile, invalidates, uses

NAMES = st.sampled_from(["a", "b", "*"]) | hostile.text(st.sampled_from("ab")) | hostile.equal()


class Leaf(ET.Element):
    """An element that says itself what it is equal to."""

    def __eq__(self, other):
        return self.equals(other)

    __hash__ = ET.Element.__hash__


class Elements(Target):
    element = Handle()
    leaf = Handle(parent=element)
    walk = Handle(parent=element)

    @creates(element)
    def make(self, tag=NAMES, attributes=st.none() | hostile.mapping()):
        return ET.Element(tag, attributes or {})

    @creates(leaf)
    def add(self, element, tag=NAMES, text=hostile.object(), equals: Reentry = hostile.callback(st.booleans())):
        leaf = Leaf(tag)
        leaf.text, leaf.equals = text, equals
        element.append(leaf)
        return leaf

    @uses
    def edit(self, element, leaf, how=st.sampled_from(["append", "remove"])):
        getattr(element, how)(leaf)

    @uses
    def search(self, element, by=st.sampled_from(["find", "findall", "findtext"]), path=NAMES):
        return getattr(element, by)(path)

    @uses
    def replace(self, element, start=hostile.index(), stop=hostile.index(), leaves=hostile.sequence()):
        element[start:stop] = leaves

    @creates(walk)
    def iterate(self, element, tag=st.none() | NAMES):
        return element.iter(tag)

    @invalidates(walk)
    def clear(self, element):
        element.clear()

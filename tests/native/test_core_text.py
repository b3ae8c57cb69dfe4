"""The texts of deadhand-core as Python sees them: strings both ways, every error and its message, and their ends."""

from __future__ import annotations

import gc
import os
import sys
import threading
import warnings
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from deadhand import _native
from deadhand._native import Text, core_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOTHING = dict.fromkeys(core_ledger(), 0)
DEADLINE_SECONDS = 10
HANDLE = r"\d+v\d+@\d+"
STALE = rf"^text {HANDLE} is stale: .*freed by operation \d+; drop the handle and create a new text$"


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    gc.collect()
    assert core_ledger() == NOTHING
    yield
    gc.collect()
    assert core_ledger() == NOTHING


@pytest.fixture
def text() -> Iterator[Text]:
    with Text.of("grün 🦀") as text:
        yield text


def on_another_thread(call: Callable[[], Any]) -> Any:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    thread.join(DEADLINE_SECONDS)
    return answers.pop()


# --- answers ---------------------------------------------------------------------------------------------------------


def test_text_goes_in_and_out(text: Text) -> None:
    assert (str(text), text.length, text.characters, text.for_c()) == ("grün 🦀", 10, 6, "grün 🦀\0".encode())
    with Text.from_bytes("grün 🦀".encode()) as same:
        assert str(same) == str(text)
        assert same.handle != text.handle


@pytest.mark.parametrize("string", ["", "\0", "a\0b", "\uffff\U0010ffff", "x" * 5_000_000])
def test_any_string_comes_back(string: str) -> None:
    with Text.of(string) as text:
        assert str(text) == string
        assert text.length == len(string.encode())


def test_lossy_replaces_what_is_no_text() -> None:
    with Text.from_bytes(b"a\xffb\xed\xb2\x80\xe2\x82", lossy=True) as text:
        assert str(text) == "a\ufffdb\ufffd\ufffd"


def test_host_allocates_and_native_fills(text: Text) -> None:
    into = bytearray(b"." * 12)
    assert text.read_into(into) == 10
    assert into == "grün 🦀..".encode()


def test_bytearray_is_filled_whatever_its_class_says(text: Text) -> None:
    class Loud(bytearray):
        def __len__(self) -> int:
            raise ZeroDivisionError

        def __setitem__(self, *_: Any) -> None:
            raise ZeroDivisionError

    into = Loud(10)
    assert text.read_into(into) == 10
    assert bytes(memoryview(into)).decode() == "grün 🦀"


def test_parts_need_the_whole_no_more() -> None:
    with Text.of("grün") as whole:
        part, both, self_twice = whole.cut(2, 4), whole.join(whole), whole.cut(0, 0)
    with part, both, self_twice:
        assert (str(part), str(both), str(self_twice)) == ("ü", "grüngrün", "")


def test_string_class_that_lies_is_read_as_what_it_is() -> None:
    class Loud(str):
        __slots__ = ()

        def __len__(self) -> int:
            raise ZeroDivisionError

        def encode(self, *_: Any) -> bytes:  # type: ignore[override]
            raise ZeroDivisionError

    with Text.of(Loud("abc")) as text:
        assert str(text) == "abc"
    with pytest.raises(_native.NotText, match="surrogate"):
        Text.of(Loud("\udc80"))


def test_any_thread_may_use_and_close_it(text: Text) -> None:
    assert on_another_thread(lambda: (str(text), text.length)) == ("grün 🦀", 10)
    on_another_thread(text.close)
    assert text.closed


def test_handles_differ_and_names_are_told(text: Text) -> None:
    handles = set()
    for _ in range(300):
        with Text.of("") as other:
            handles.add(other.handle)
    assert len(handles) == 300
    assert weakref.ref(text)() is text
    assert repr(text).startswith("<Text ")
    assert (repr(text).endswith(": open>"), repr(other).endswith(": closed>")) == (True, True)


# --- errors ----------------------------------------------------------------------------------------------------------


def test_gone_is_stale_and_says_what_to_do(text: Text) -> None:
    text.close()
    text.close()
    assert text.closed
    calls: list[Callable[[], object]] = [lambda: str(text), lambda: text.length, lambda: text.characters, text.for_c, text.provoke_panic, lambda: text.cut(0, 0), lambda: text.join(text), lambda: text.read_into(bytearray(10))]
    for call in calls:
        with pytest.raises(_native.StaleHandle, match=STALE):
            call()
    with Text.of("") as other, pytest.raises(_native.StaleHandle, match=STALE):
        other.join(text)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"ab\xff", r"^byte 0xff at offset 2 is not UTF-8: decode the text first, or read it lossily$"),
        (b"\xc0\x80", r"^byte 0xc0 at offset 0 is not UTF-8"),
        (b"a\xe2\x82", r"^the text ends inside the character that starts at offset 1: pass all 3 bytes of it$"),
        (b"a\xed\xb2\x80", r"^the character U\+DC80 at offset 1 is a surrogate that stands for the byte 0x80: pass os\.fsencode\(text\) as bytes$"),
        (b"\xed\xa0\x80", r"^the character U\+D800 at offset 0 is a surrogate: join it with its other half, or replace it$"),
    ],
)
def test_what_is_no_text_is_told_with_its_place(data: bytes, says: str) -> None:
    with pytest.raises(_native.NotText, match=says):
        Text.from_bytes(data)
    if b"\xed" in data:
        with pytest.raises(_native.NotText, match=says):
            Text.of(data.decode("utf-8", "surrogatepass"))
    assert issubclass(_native.NotText, ValueError)


def test_remedy_for_undecodable_names_works() -> None:
    name = os.fsdecode(b"caf\xe9")
    with pytest.raises(_native.NotText, match=r"pass os\.fsencode\(text\) as bytes$"):
        Text.of(name)
    with Text.from_bytes(os.fsencode(name), lossy=True) as text:
        assert str(text) == "caf\ufffd"


def test_c_gets_no_nul_inside() -> None:
    with Text.of("a\0b") as text, pytest.raises(_native.NotText, match=r"^the text has a NUL at offset 1, and C would read it only up to there: remove it$"):
        text.for_c()


def test_too_small_writes_nothing(text: Text) -> None:
    into = bytearray(b"." * 9)
    with pytest.raises(_native.OutOfRange, match=r"^the text needs 10 bytes, there is room for 9: pass a larger buffer$"):
        text.read_into(into)
    assert into == b"." * 9


def test_cut_is_between_characters(text: Text) -> None:
    for start, end, why in ((3, 5, "offset 3 is inside a character"), (0, 8, "offset 8 is inside a character"), (0, 11, "they are not all there"), (4, 2, "they are not all there"), (2**64 - 1, 2**64 - 1, "they are not all there")):
        with pytest.raises(_native.OutOfRange, match=rf"^bytes {start}\.\.{end} cannot be cut from a text of 10: {why}$"):
            text.cut(start, end)


def test_too_long_is_refused() -> None:
    limit = 1 << 28
    with Text.of("x" * (limit // 2 + 1)) as half, pytest.raises(_native.OutOfRange, match=rf"^a text of {limit + 2} bytes is too long: {limit} is the most$"):
        half.join(half)


def test_panic_strikes_one_text_only(text: Text) -> None:
    with Text.of("struck") as struck:
        with pytest.raises(_native.NativePanic, match=r"^the call panicked at .*: provoked.*; close the object it was made on and create a new one$") as caught:
            struck.provoke_panic()
        assert "ends.rs:" in str(caught.value.location)
        assert "provoke_panic" in str(caught.value.backtrace)
        for call in (lambda: str(struck), struck.for_c, lambda: text.join(struck)):
            with pytest.raises(_native.FencedHandle, match=rf"^text {HANDLE} is fenced off since a call on it panicked: dispose of it and create a new text$"):
                call()
        assert not struck.closed
    assert struck.closed
    assert str(text) == "grün 🦀"


def test_arguments_are_checked(text: Text) -> None:
    wrong: Any = 1
    for call, says in (
        (Text.of, r"^text must be a str, not int: decode it first, or use Text\.from_bytes\(\)$"),
        (Text.from_bytes, r"^data must be bytes, not int: encode it first$"),
        (text.join, r"^other must be a Text, not int: make one with Text\.of\(\)$"),
        (text.read_into, r"^into must be a writable and contiguous buffer, not int: pass a bytearray of the length to read, or an array or memoryview of it$"),
        (lambda _: text.cut("1", 2), r"^start must be an int, not str: pass 0 or more$"),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError, match=says):
            call(wrong)  # type: ignore[operator]
    with pytest.raises(ValueError, match=r"^end is out of range: pass 0 or more$"):
        text.cut(0, -1)


def test_only_the_library_makes_texts() -> None:
    for make in (Text, lambda: Text.__new__(Text)):
        with pytest.raises(TypeError):
            make()
    with pytest.raises(TypeError):
        type("Sub", (Text,), {})


# --- ends ------------------------------------------------------------------------------------------------------------


def test_undisposed_drop_warns() -> None:
    made = Text.of("a")
    with pytest.warns(ResourceWarning, match=rf"^unclosed text {HANDLE}: close it, or use it in a with statement$"):
        del made


def test_drop_on_another_thread_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda info: seen.append(info.exc_value))
    held = [Text.of("a")]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        on_another_thread(held.clear)
    assert [type(each) for each in seen] == [ResourceWarning]
    assert core_ledger() == NOTHING


def test_close_lets_the_reads_of_other_threads_end_well() -> None:
    for _ in range(5):
        answers: list[str] = []
        with Text.of("x" * 10_000_000) as text:
            started = threading.Event()

            def read(text: Text = text, started: threading.Event = started, answers: list[str] = answers) -> None:
                started.set()
                try:
                    while True:
                        answers.append(str(len(str(text))))
                except _native.HandleError as error:
                    answers.append(type(error).__name__)

            thread = threading.Thread(target=read)
            thread.start()
            started.wait(DEADLINE_SECONDS)
            text.close()
            thread.join(DEADLINE_SECONDS)
        assert answers.pop() in ("StaleHandle", "ClosedHandle")
        assert set(answers) <= {"10000000"}

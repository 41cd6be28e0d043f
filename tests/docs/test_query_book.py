"""The query book tells the truth: its answers are what the gateway says, to the letter."""

from __future__ import annotations

from tests.docs.query_book import BOOK, ask_all, pages


async def test_every_answer_in_the_query_book_is_real() -> None:
    book = pages()
    assert len(book) >= 12
    for page, answer in zip(book, await ask_all(book), strict=True):
        assert page.answer == answer, f"{page.path.name}: run `python -m tests.docs.query_book` and look at the change"


def test_the_contents_list_every_page() -> None:
    contents = (BOOK / "README.md").read_text()
    for page in pages():
        assert f"({page.path.name})" in contents

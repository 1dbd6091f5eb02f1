"""What a plan would hold after each of its steps, in words: OpenAGI's tools run dry, on the description of the input.

OpenAGI's tasks are made from one pattern, "Given INPUT, how to GOAL step by step?"; tasks in the user's own words are read as far
as they go: the first clause is the input, the rest the goal.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from outrider.model import Prefix, Step

LANGUAGES: Final = ("English", "German", "Chinese", "French", "Spanish", "Italian")
_LANGUAGE: Final = re.compile("|".join(LANGUAGES))
_PATTERN: Final = re.compile(r"Given (?P<have>.*), how to (?P<want>.*?)( step by step)?\?")
_OWN_WORDS: Final = re.compile(
    r"(?:(?:given|from|take|with|i have|here is|for)\s+)?(?:(?:a|an|the|my|this)\s+)?(?P<have>[^,:;.?]*)[,:;.?]?\s*(?P<want>.*)",
    re.I,
)
_IMAGE: Final = re.compile(r"([\w-]+ )*?(image|photo|picture)\b")
_TEXT_OF: Final = re.compile(rf"({_LANGUAGE.pattern}) ")

DEFECTS: Final = {
    "Image Super Resolution": ("low-resolutioned ", "low-resolution "),
    "Image Denoising": ("noisy ",),
    "Image Deblurring": ("blurry ", "blurred "),
    "Colorization": ("grayscale ", "greyscale ", "gray ", "grey ", "black-and-white "),
}
_SEEN_IN_IMAGES: Final = {
    "Image Captioning": "caption",
    "Image Classification": "class label",
    "Object Detection": "object names",
}
_MADE_OF_TEXT: Final = {
    "Sentiment Analysis": "sentiment",
    "Text Summarization": "summarization",
    "Text Generation": "rest of text",
}
_GOALS: Final = (
    ("answer the question", "answer"),
    ("translate the ", ""),
    ("return the ", ""),
    ("generate the ", ""),
    ("generate a ", ""),
)


@lru_cache(maxsize=1024)
def read_task(task: str) -> tuple[str, str, str]:
    """What is given, what is wanted, and in which language; the language may be empty."""
    found = _PATTERN.match(task) or _OWN_WORDS.match(task)
    have, want = (found["have"].strip(), found["want"].strip(" .?!")) if found else (task, "")
    want = want or have
    language = next(iter(re.findall(rf"\bin ({_LANGUAGE.pattern})\b", want)), "")
    want = re.sub(rf" in ({_LANGUAGE.pattern})\b", "", want)
    for words, instead in _GOALS:
        want = want.replace(words, instead)
    return _sound(have), _sound(f"{language} {want}".strip()), language


def held(task: str, prefix: Prefix) -> str:
    """What the plan holds after ``prefix``. A tool that does not fit changes nothing."""
    have, _, language = read_task(task)
    for step in prefix:
        have = _after(have, step, language)
    return have


def situation(task: str, prefix: Prefix) -> str:
    """Where the plan stands after ``prefix``."""
    return f"want {read_task(task)[1]}, have {held(task, prefix)}"


def _sound(what: str) -> str:
    """An image without a defect is called regular, as the tasks call it."""
    return re.sub(r"^(image|photo|picture)\b", r"regular \1", what)


def _after(have: str, step: Step, language: str) -> str:
    tool = step.action
    plain = re.sub(r"^regular (image|photo|picture)", r"\1", have)
    is_image = _IMAGE.match(plain) is not None and _TEXT_OF.match(plain) is None
    if tool in DEFECTS:
        for word in DEFECTS[tool]:
            plain = plain.replace(word, "")
    elif tool == "Fill Mask":
        plain = plain.replace("clozed ", "")
    elif tool == "Machine Translation":
        plain = _translated(plain, language)
    elif tool == "Text to Image Generation" and not is_image:
        plain = "image"
    elif (tool == "Visual Question Answering" and is_image and "query" in plain) or (
        tool == "Question Answering" and "document" in plain
    ):
        plain = "English answer"
    elif tool in _SEEN_IN_IMAGES and is_image:
        plain = f"English {_SEEN_IN_IMAGES[tool]}"
    elif tool in _MADE_OF_TEXT and not is_image:
        spoken = _LANGUAGE.search(plain)
        plain = f"{spoken[0] if spoken else 'English'} {_MADE_OF_TEXT[tool]}"
    return _sound(plain)


def _translated(what: str, language: str) -> str:
    """Into English, or from English into the language that the task asks for."""
    found = re.match(rf"(clozed )?({_LANGUAGE.pattern})\b", what)
    if found is None:
        return what
    into = "English" if found[2] != "English" else language or "English"
    return what.replace(found[2], into, 1)

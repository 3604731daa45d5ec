"""Pieces of a HTML page, all text escaped: tables, bars, and charts as SVG."""

import base64
import html
import itertools
import math
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tflite_export.common.figures import digits

# Room enough for the letters of a phone, see `page`.
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _BOTTOM, _TOP = 640, 300, 64, 30, 30, 22
# Width and height of a letter in the largest type.
_LETTER = 12.0, 22.0
# Where a point's name may end, below the point in pixels; the first that is free is taken.
_LINES = (0, 22, -22, 44, -44, 66, -66, 88, -88)
_COLOURS = ("#1864ab", "#d9480f", "#2b8a3e", "#862e9c")


@dataclass(frozen=True)
class Line:
    """One curve of a chart: x and y by position."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]


@dataclass(frozen=True)
class Point:
    """One point of a chart, with what is shown when it is pointed at.

    Attributes:
        low: end of the error bar; high likewise.
        kind: of points of one colour, from 0.
    """

    name: str
    x: float
    y: float
    low: float
    high: float
    kind: int = 0


def text(value: object) -> str:
    """Returns a value as escaped text."""
    return html.escape(str(value))


def tag(name: str, content: str, **attributes: str) -> str:
    """Returns an element; the content is HTML already, attributes are texts."""
    given = "".join(f' {key.rstrip("_")}="{text(value)}"' for key, value in attributes.items())
    return f"<{name}{given}>{content}</{name}>"


def link(folder: Path, path: str, words: str = "") -> str:
    """Returns a link to a file or folder beside the page; only its words where there is none.

    Args:
        folder: of the page.
        path: within it.
        words: of the link; empty: the path.
    """
    shown = text(words or path)
    # A quoted path has no colon, and is no address of elsewhere.
    return tag("a", shown, href=urllib.parse.quote(path)) if (folder / path).exists() else shown


def section(title: str, *parts: str) -> str:
    """Returns a section with a heading; nothing if all its parts are empty."""
    content = "".join(parts)
    return tag("section", tag("h2", text(title)) + content) if content else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table of texts that scrolls by itself where the page is narrow."""
    if not rows:
        return ""
    titles = "".join(tag("th", text(title)) for title in head)
    body = "".join(tag("tr", "".join(tag("td", text(cell)) for cell in row)) for row in rows)
    content = tag("table", tag("thead", tag("tr", titles)) + tag("tbody", body))
    return tag("div", content, class_="scroll")


def bar(label: str, used: float, available: float, unit: str) -> str:
    """Returns how much is used of what there is, as a bar with its numbers."""
    share = used / available if available else 1.0
    fill = tag("i", "", style=f"width:{min(share, 1.0):.1%}", class_="over" if share > 1 else "")
    words = f"{label}: {used:.0f} of {available:.0f} {unit} ({share:.0%})"
    return tag("div", tag("span", text(words)) + tag("div", fill), class_="bar")


def picture(path: Path, description: str) -> str:
    """Returns an image of the page itself; nothing if there is no file."""
    if not path.exists():
        return ""
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{text(description)}">'


def line_chart(lines: Sequence[Line], x_title: str, y_title: str) -> str:
    """Returns curves as SVG; nothing without at least two values."""
    lines = [line for line in lines if len(line.xs) > 1]
    if not lines:
        return ""
    xs, ys = [x for line in lines for x in line.xs], [y for line in lines for y in line.ys]
    frame = _Frame(min(xs), max(xs), min(0.0, *ys), max(ys))
    drawn, legend = [], []
    for number, line in enumerate(lines):
        colour = _colour(number)
        path = " ".join(
            f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in zip(line.xs, line.ys, strict=True)
        )
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        legend.append(tag("span", text(line.name), style=f"color:{colour}"))
    return _figure(frame, "".join(drawn), x_title, y_title, legend)


def scatter(points: Sequence[Point], x_title: str, y_title: str) -> str:
    """Returns points with error bars as SVG; nothing without points."""
    if not points:
        return ""
    xs = [point.x for point in points]
    frame = _Frame(
        min(0.0, *xs), 1.05 * max(xs),
        min(point.low for point in points), max(point.high for point in points),
    )  # fmt: skip
    drawn = []
    # Many boards get one subnet: its point has one name, and says how many more there are.
    together: dict[tuple[int, int], list[str]] = {}
    for point in points:
        x, y = frame.x(point.x), frame.y(point.y)
        together.setdefault((round(x), round(y)), []).append(point.name)
        title = tag("title", text(f"{point.name}: {point.y:.2f} at {digits(point.x)}"))
        drawn.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{frame.y(point.low):.1f}" '
            f'y2="{frame.y(point.high):.1f}" stroke="#868e96"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{_colour(point.kind)}">{title}</circle>'
        )
    drawn += _names(together)
    return _figure(frame, "".join(drawn), x_title, y_title)


@dataclass(frozen=True)
class _Frame:
    """From values to pixels."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float

    def x(self, value: float) -> float:
        share = (value - self.x_low) / ((self.x_high - self.x_low) or 1.0)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.y_low) / ((self.y_high - self.y_low) or 1.0)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)


def _ticks(low: float, high: float) -> list[float]:
    step = 10 ** math.floor(math.log10((high - low) or 1.0))
    step = next((step * f for f in (0.2, 0.5, 1.0) if (high - low) / (step * f) <= 6), 2 * step)
    first = math.ceil(low / step)
    return [step * number for number in range(first, math.floor(high / step) + 1)]


def _figure(
    frame: _Frame, content: str, x_title: str, y_title: str, legend: Sequence[str] = ()
) -> str:
    """A chart whose words stand above it, where lines can be broken, legend (HTML) included."""
    grid = []
    for value in _ticks(frame.y_low, frame.y_high):
        y, left = frame.y(value), f'x1="{_LEFT}"'
        grid.append(f'<line {left} x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="g"/>')
        grid.append(_label(_LEFT - 6, y + 5, f"{value:g}", "#868e96", "end"))
    for value in _ticks(frame.x_low, frame.x_high):
        grid.append(_label(frame.x(value), _HEIGHT - 6, f"{value:g}", "#868e96", "middle"))
    axes = f"{y_title}; to the right: {x_title}"
    svg = (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{text(axes)}">'
        f"{''.join(grid)}{content}</svg>"
    )
    return tag("figure", tag("figcaption", " ".join([text(axes), *legend])) + svg)


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _names(together: Mapping[tuple[int, int], Sequence[str]]) -> list[str]:
    """Names beside their points, none over another; one without room is shown by pointing only."""
    taken = [(x - 6.0, y - 6.0, x + 6.0, y + 6.0) for x, y in together]
    drawn = []
    for (x, y), names in together.items():
        words = names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")
        width = _LETTER[0] * len(words)
        for below, left in itertools.product(_LINES, (x > _WIDTH / 2, x <= _WIDTH / 2)):
            start, bottom = x - 8 - width if left else x + 8, y + below
            box = start, bottom - _LETTER[1], start + width, bottom
            inside = start >= 0 and start + width <= _WIDTH and _LETTER[1] <= bottom <= _HEIGHT - 30
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                side = (x - 8, "end") if left else (x + 8, "start")
                middle = bottom - _LETTER[1] / 2
                if abs(middle - y) > _LETTER[1]:
                    # Farther off it might be taken for that of another point.
                    drawn.append(
                        f'<line x1="{x}" y1="{y}" x2="{side[0]}" y2="{middle}" class="l"/>'
                    )
                drawn.append(_label(side[0], bottom - 4, words, "#343a40", side[1]))
                break
    return drawn


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two boxes (left, top, right, bottom) share more than an edge."""
    return all(one[i] < other[i + 2] and other[i] < one[i + 2] for i in (0, 1))


def _label(x: float, y: float, words: str, colour: str, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}">{text(words)}</text>'

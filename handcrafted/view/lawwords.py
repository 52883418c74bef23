"""A recovered law in the words of the drawing: `if pedals = pressed`, where the printed equations have `pedals[1]`.

What is said is read from the printed formulas and nothing else; the structure gives names and words alone. A stage that
one decision works out for itself stands where it is read. A threshold is the shortest number that stands for its band;
the band itself, from the weights, is a note. Whatever is no condition stays a formula.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.resolved import ResolvedController
from handcrafted.control.signal_graph import written_port
from handcrafted.control.vocabulary import Role
from handcrafted.readout.equations.equations import Line
from handcrafted.readout.equations.fold import plain
from handcrafted.view.boxes import HARD_BLANK
from handcrafted.view.conditions import Logic, Predicate, threshold
from handcrafted.view.formulas import is_call, names_in, numbers, parsed, replaced, stem, worded

INLINED = ("comparison", "decision table", "linear", "piecewise linear")
"""Kinds of stages that stand where they are read."""

LONGEST = 400
"""Letters of a formula beyond which its stages stay by themselves."""

NOTES = "¹²³⁴⁵⁶⁷⁸⁹"
"""The marks of bands; further ones bear the last."""

OPEN, CLOSE = "\ue000", "\ue001"
"""Around the number of a band before it is known whether it is said; letters that no name has."""


class Said(NamedTuple):
    """One law in words.

    Attributes:
        signal: what it gives.
        head: what that is called.
        lines: what it says, each a clause that may be broken further.
    """

    signal: Signal
    head: str
    lines: tuple[str, ...]


def in_words(lines: Sequence[Line], controller: ResolvedController) -> tuple[list[Said], list[str]]:
    """Say the laws of one controller.

    Args:
        lines: its equations.
        controller: what its signals are called, and which words they have.

    Returns:
        The laws, what it does first, and the notes on thresholds.
    """
    return _Saying(lines, controller).all()


class _Saying:
    def __init__(self, lines: Sequence[Line], controller: ResolvedController):
        self.domains = dict(_domains(controller))
        self.lines = [line for line in lines if line.kind != "link" and not _passes_on(line)]
        self.signals = {stem(line.name): line.signal for line in lines}
        self.trees = {line.name: parsed(line.text) for line in lines}
        self.known_bands: list[str] = []
        self.bands: list[str] = []
        stages = [line for line in self.lines if self._is_stage(line)]
        self.stages = {
            line.name: tree
            for line in stages
            if (tree := self.trees[line.name]) is not None and not names_in(tree) & {line.name, "ago"}
        }

    def all(self) -> tuple[list[Said], list[str]]:
        """Return every law that is not said within another, and the notes."""
        shown = [line for line in self.lines if line.name not in self.stages]
        shown.sort(key=lambda line: line.signal.role != Role.CONTROL_ACTION)  # the rest may be cut off
        trees = {line.name: self._inlined(self.trees[line.name]) for line in shown}
        found: list[Said] = []
        for line in shown:
            if not self._is_opposite(line, shown, trees):
                said = Said(line.signal, self._called(line.signal), tuple(self._law(line, trees[line.name])))
                if not any((said.head, said.lines) == (other.head, other.lines) for other in found):
                    found.append(said)
        return found, self.bands

    def _is_stage(self, line: Line) -> bool:
        return line.signal not in self.domains and line.kind in INLINED

    def _inlined(self, tree: ast.expr | None) -> ast.expr | None:
        """Put stages where they are read, as long as the whole stays short."""
        if tree is None:
            return None
        whole = replaced(tree, self.stages)
        return whole if len(ast.unparse(whole)) <= LONGEST else tree

    def _is_opposite(self, line: Line, shown: Sequence[Line], trees: Mapping[str, ast.expr | None]) -> bool:
        """Whether a line gives the first of two words, and exactly where the line of the second does not."""
        pair = [other for other in shown if other.signal == line.signal]
        if len(pair) != 2 or line is not pair[0] or "[" not in line.name:
            return False
        first, second = (self._logic(trees[one.name]) for one in pair)
        return first is not None and second is not None and first.is_opposite_of(second)

    def _law(self, line: Line, tree: ast.expr | None) -> Iterator[str]:
        """Write what a line says: the rows in which a word is issued or a number holds, or a formula."""
        logic, value = self._guarded(tree)
        if logic is None or (value is None and "[" not in line.name and not is_call(tree, "any", "all")):
            yield f"= {line.text if tree is None else self._formula(tree)}"
            return
        domain, word = self.domains.get(line.signal), self._index(line.name)
        if value is not None:
            yield f"= {self._formula(value)}"
        elif word and domain is not None and len(domain.values) != 2:
            yield f"= {word}"
        rows = logic.rows()
        if not rows:
            yield "never"
        for i, row in enumerate(rows):
            marked = [self._marked(test) for test in row]
            yield f"{'or' if i else 'if'} {' and '.join(marked) or 'always'}"
        if value is not None:
            yield "else 0"

    def _guarded(self, tree: ast.expr | None) -> tuple[Logic | None, ast.expr | None]:
        """Return a condition, and the number that holds where it does; None of a condition alone."""
        match tree:
            case ast.BinOp(ast.Constant() as number, ast.Mult(), within):
                return self._logic(within), number
            case ast.Call(func=ast.Name(id="all"), args=args):
                parts = [(arg, self._logic(arg)) for arg in args]
                others = [arg for arg, logic in parts if logic is None]
                known = tuple(logic for _, logic in parts if logic is not None)
                if len(others) <= 1:
                    return (Logic("and", known) if known else None), (others[0] if others else None)
        return self._logic(tree), None

    def _logic(self, node: ast.expr | None) -> Logic | None:
        """Return a condition; None of what is none."""
        match node:
            case ast.Call(func=ast.Name(id="all" | "any" | "none" as kind), args=args):
                parts = [self._logic(arg) for arg in args]
                known = tuple(part for part in parts if part is not None)
                if len(known) < len(parts):
                    return None
                found = Logic("and" if kind == "all" else "or", known)
                return Logic("not", (found,)) if kind == "none" else found
            case ast.Call(func=ast.Name(id="no"), args=[arg]) | ast.BinOp(ast.Constant(1), ast.Sub(), arg):
                within = self._logic(arg)
                return None if within is None else Logic("not", (within,))
            case ast.Call(func=ast.Name(id="limit"), args=[arg, ast.Constant(0), ast.Constant(1)]):
                return self._logic(arg)
            case ast.Call(func=ast.Name(id="relu"), args=[ast.Subscript() as arg]):
                return self._logic(arg)
            case ast.Call(func=ast.Name(id="below" | "above" as way), args=[x, low, high]):
                band = numbers(low, high)
                return self._compared(self._formula(x), band[0], band[1], way == "below") if band else None
            case ast.Subscript(value=ast.Name(id=name)):
                return self._is_word(name, self._index(ast.unparse(node)))
        return None

    def _compared(self, x: str, low: float, high: float, below: bool) -> Logic:
        """Return a comparison with a band, as the test whether something is below or not."""
        sides = [f"{x} {sign} {threshold(low, high, sign == '<')}{self._band((low, high))}" for sign in "<>"]
        found = Logic("test", test=Predicate(*(text.replace(" ", HARD_BLANK) for text in sides)))
        return found if below else Logic("not", (found,))

    def _is_word(self, printed: str, word: str) -> Logic | None:
        """Return the test whether a signal is a word; of two words that of the second."""
        if not word:
            return None
        domain = self.domains.get(self.signals.get(printed, Signal("", "", "")))
        words = domain.values if domain is not None else ()
        name = self._name(printed)
        text = lambda word: f"{name} = {word}".replace(" ", HARD_BLANK)
        if len(words) != 2 or word not in words:
            return Logic("test", test=Predicate(text(word), f"not{HARD_BLANK}{text(word)}"))
        found = Logic("test", test=Predicate(text(words[1]), text(words[0])))
        return found if word == words[1] else Logic("not", (found,))

    def _formula(self, node: ast.expr) -> str:
        """Write a formula with the drawing's names; words and looks back are said."""
        return worded(node, self._leaf)

    def _leaf(self, node: ast.AST) -> str | None:
        """Return what is said of a part of a formula in one piece; None of what is written as it stands."""
        match node:
            case ast.Call(func=ast.Name(id="hysteresis"), args=[_, x, ast.Tuple(elts=one), ast.Tuple(elts=other)]):
                ends = numbers(*one, *other)
                if len(ends) != 4:
                    return None
                a, b, c, d = ends
                first, last = self._crossed(a, b), self._crossed(d, c)
                return f"1 if {self._formula(x)} {first}, 0 if {last}, else as before"
            case ast.Call(func=ast.Name(id="ago"), args=[x, ast.Constant(steps), _]):
                return f"{self._formula(x)} {steps} step{'' if steps == 1 else 's'} ago"
            case ast.Subscript(value=ast.Name(id=name)):
                word = self._index(ast.unparse(node))
                return f"({self._name(name)} = {word})" if word else None
            case ast.Name(id=name) if name in self.signals:
                return self._name(name)
            case ast.Constant(float() as number):
                return f"{number:.6g}"
        return None

    def _crossed(self, inside: float, outside: float) -> str:
        """Say on which side of a band something is so: where it begins, and where it no longer is."""
        low, high, below = min(inside, outside), max(inside, outside), inside < outside
        sign = f"{'<' if below else '>'}{HARD_BLANK}"
        return self._marked(f"{sign}{threshold(low, high, below)}{self._band((low, high))}")

    def _band(self, band: tuple[float, float]) -> str:
        """Return a mark that stands for a band until it is seen which are said."""
        text = f"{band[0]:.9g} … {band[1]:.9g}".replace(" ", HARD_BLANK)
        if text not in self.known_bands:
            self.known_bands.append(text)
        return f"{OPEN}{self.known_bands.index(text)}{CLOSE}"

    def _marked(self, text: str) -> str:
        """Return a text with the numbers of its bands, in the order in which they are said."""

        def mark(found: re.Match) -> str:
            band = self.known_bands[int(found[1])]
            if band not in self.bands:
                self.bands.append(band)
            return NOTES[min(self.bands.index(band), len(NOTES) - 1)]

        return re.sub(f"{OPEN}(\\d+){CLOSE}", mark, text)

    def _index(self, name: str) -> str:
        """Return the word of a printed coordinate, such as `pedals[1]`; nothing where it has none."""
        printed, _, rest = name.partition("[")
        if not rest:
            return ""
        index = ast.literal_eval(rest[:-1])
        if isinstance(index, str):
            return index
        domain = self.domains.get(self.signals.get(printed, Signal("", "", "")))
        return domain.values[index] if domain is not None and domain.discrete else ""

    def _name(self, printed: str) -> str:
        return self._called(self.signals[printed]) if printed in self.signals else printed

    def _called(self, signal: Signal) -> str:
        """Return what a signal is called; what a decision of the same name remembers by that."""
        name = plain(signal.name)
        said = [line.signal for line in self.lines if line.signal in self.domains]
        same = signal not in self.domains and name in [plain(other.name) for other in said]
        return f"memory of {name}" if same else name


def _domains(controller: ResolvedController) -> Iterator[tuple[Signal, Domain]]:
    for variable in controller.variables:
        yield variable.signal, variable.domain
    for link in controller.arrivals:
        if link.received:
            yield link.received, link.domain
    for entry in controller.entries:
        for link in entry.links:
            yield written_port(link), link.domain


def _passes_on(line: Line) -> bool:
    """Whether a line merely copies, and is nothing that is done."""
    return line.kind == "copy" and line.signal.role != Role.CONTROL_ACTION

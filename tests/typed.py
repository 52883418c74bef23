"""An import hook that checks the types of every call, for modules whose annotations give no shapes."""

import ast
import sys
from collections.abc import Iterable
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader


class _Typed(ast.NodeTransformer):
    """Puts `beartype` next to each function, within what decorates it otherwise."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        decorator = ast.parse("__import__('beartype').beartype", mode="eval").body
        node.decorator_list.append(decorator)
        return node


class _Loader(SourceFileLoader):
    """Compiles from the source each time, for the cache holds what is not checked."""

    def get_code(self, fullname: str):
        path = self.get_filename(fullname)
        tree = _Typed().visit(ast.parse(self.get_data(path), path))
        return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, modules: Iterable[str]):
        self.modules = frozenset(modules)

    def find_spec(self, fullname: str, path=None, target=None):
        if fullname not in self.modules or (spec := PathFinder.find_spec(fullname, path, target)) is None:
            return None
        assert spec.origin is not None
        spec.loader = _Loader(fullname, spec.origin)
        return spec


def check_types_of(modules: Iterable[str]) -> None:
    """Check the types of every call of some modules, which are not imported yet."""
    sys.meta_path.insert(0, _Finder(modules))

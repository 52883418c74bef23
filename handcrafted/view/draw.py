from handcrafted.view.diagram import control_diagram
from handcrafted.view.engine import render
from pathlib import Path
def draw(thing, path, **options):
    d=control_diagram(thing); Path(path).write_bytes(render(d.replace("digraph {","digraph { graph [dpi=110];",1),"png")); return path

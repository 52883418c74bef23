"""Every plant that a file may name: one line each, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Union, get_args

from pydantic import Field

from handcrafted.plants.finite_state import FiniteStatePlant as FiniteStatePlant
from handcrafted.plants.first_order import FirstOrderPlant as FirstOrderPlant
from handcrafted.plants.integrator import IntegratorPlant as IntegratorPlant
from handcrafted.plants.matrices import MatricesPlant as MatricesPlant
from handcrafted.plants.plant import Plant
from handcrafted.plants.second_order import SecondOrderPlant as SecondOrderPlant
from handcrafted.plants.tank import TankPlant as TankPlant
from handcrafted.plants.vehicle import VehiclePlant as VehiclePlant

_IMPORTED = [kind for kind in tuple(vars().values()) if isinstance(kind, type) and issubclass(kind, Plant)]


def _name(kind: Any) -> str:
    (name,) = get_args(kind.model_fields["law"].annotation)
    return name


PLANTS: dict[str, type[Plant]] = {_name(kind): kind for kind in sorted(set(_IMPORTED) - {Plant}, key=_name)}
"""All plants imported here, by what a file calls them, in alphabetical order."""

if TYPE_CHECKING:
    Dynamics = Plant
else:
    Dynamics = Annotated[Union[tuple(PLANTS.values())], Field(discriminator="law")]  # noqa: UP007  # made at run time of a list
"""How a process answers its inputs."""

"""A veto of a number lets the whole range of its result pass, and takes all of it away."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.loading.yamlfile import loads

PUMP = """
name: pump
components:
  doser:
    kind: controller
    level: 0
    control algorithm:
      basal: {law: constant, parameters: {value: BASAL}}
      suspend: {law: constant, parameters: {value: SUSPEND}}
  pump: {kind: controller, level: 1, control algorithm: {insulin: {law: veto, reads: [basal, suspend]}}}
  patient:
    kind: process
    level: 2
    dynamics:
      {law: first order, output: glucose, inputs: {insulin: -60}, rest: 260, time constant: 60, initial: 180}
control actions:
  - {name: basal, from: doser, to: pump, range: [0, 10], unit: U/h}
  - {name: suspend, from: doser, to: pump, values: [run, suspend]}
  - {name: insulin, from: pump, to: patient, range: [0, 10], unit: U/h}
feedback: [{name: glucose, from: patient, to: doser, range: [-1000, 1000]}]
"""


def pump(basal="5", suspend="run", text=PUMP):
    return loads(text.replace("BASAL", basal).replace("SUSPEND", suspend))


@pytest.mark.parametrize(("basal", "suspend", "wanted"), [("5", "run", 5), ("10", "run", 10), ("5", "suspend", 0)])
def test_the_whole_range_passes_unless_it_is_vetoed(basal, suspend, wanted):
    structure = pump(basal, suspend)
    trace = hc.simulate(hc.assemble(structure), steps=40)
    np.testing.assert_array_equal(trace.command["insulin"], wanted)
    glucose = [180.0]
    for _ in range(39):  # the process by itself, in plain numbers
        glucose.append(260 - 60 * wanted + (glucose[-1] - 260 + 60 * wanted) * np.exp(-1 / 60))
    np.testing.assert_allclose(trace.state["glucose"], glucose, atol=1e-3)
    assert hc.check(structure).reproduced


def test_what_is_above_the_results_range_is_cut_off_and_a_result_that_can_be_nothing_else_is_refused():
    narrow = PUMP.replace(
        "name: insulin, from: pump, to: patient, range: [0, 10]",
        "name: insulin, from: pump, to: patient, range: [0, 4]",
    )
    np.testing.assert_array_equal(hc.simulate(hc.assemble(pump(text=narrow)), steps=5).command["insulin"], 4)
    with pytest.raises(hc.HandcraftedError, match="Expected a result that may be above 0, got"):
        pump(text=narrow.replace("to: patient, range: [0, 4]", "to: patient, range: [-4, 0]"))

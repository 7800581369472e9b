"""mscmeta.ledger: how a claim names its rule, and the rules that need the tables."""

import shutil

import pandas as pd
import pytest

from mscmeta import _claim_rules, data, ledger


def claims(*rows):
    """Claims a.one, a.two … with printed numbers, rules and inputs."""
    names = ("one", "two", "three")
    made = [
        {"claim": f"a.{name}", "printed": printed, "value": value, "rule": rule, "rule_inputs": inputs}
        for name, (printed, value, rule, inputs) in zip(names, rows, strict=False)
    ]
    return pd.DataFrame(made)


def judged(*rows):
    found = ledger.evaluate_claims(claims(*rows))
    return found.verdict.tolist(), found.reason.tolist()


PLAIN = ("2", 2.0, "", "")


def test_a_claim_without_a_rule_is_unverifiable():
    assert judged(PLAIN) == (["unverifiable"], [""])


def test_references_to_neighbours_patterns_and_number_words():
    sums = ("5", 5.0, "adds_up", "total=@.one; parts=@a.t*")
    assert judged(sums, ("Two", 2.0, "", ""), ("3", 3.0, "", ""))[0][0] == "consistent"
    turned = ("1", 1.0, "adds_up", "total=@.one; parts=@.three, -@.two")
    assert judged(turned, ("Two", 2.0, "", ""), ("3", 3.0, "", ""))[0][0] == "consistent"


def test_references_to_tables():
    rule = ("60", 60.0, "same", "printed=@.one; other=trials.randomised[trial=gupta2016]")
    assert judged(rule)[0] == ["consistent"]
    rule = ("75", 75.0, "same", "printed=@.one; other=trials.randomised[trial=gupta2016]")
    assert judged(rule) == (["contradicted"], ["75 and 60 cannot be the same quantity."])
    # what is not reported is empty, so it cannot be a number
    with pytest.raises(ValueError, match=r"claim 'a\.one': other is ''"):
        judged(("1", 1.0, "same", "printed=@.one; other=trials.randomised[trial=ha2018]"))


def test_the_gravest_verdict_wins_and_every_rule_speaks():
    both = ("3", 3.0, "same + same", "printed=@.one; other=3 | printed=@.one; other=4")
    verdicts, reasons = judged(both)
    assert verdicts == ["contradicted"]
    assert reasons == ["3 and 3 agree. 3 and 4 cannot be the same quantity."]


def test_a_suspicion_is_not_a_verdict():
    near = ("0.48", 0.48, "near_identical", "coefficients=@.one, 0.49; units=per year, per grade")
    verdicts, reasons = judged(near)
    assert verdicts == ["unverifiable"]
    assert "2 different units" in reasons[0]


@pytest.mark.parametrize(
    ("rule", "inputs", "says"),
    [
        ("magic", "printed=1", "rule 'magic' is not known; use one of adds_up"),
        ("same", "printed=1; other=1; extra=2", "input extra does not apply to same"),
        ("same + adds_up", "printed=1; other=1; total=1; parts=1; extra=2", "input extra does not apply"),
        ("same + same + same", "printed=1; other=1 | printed=1; other=2", "rule names 3 functions and rule_inputs 2"),
        ("same", "printed=@a.none; other=1", "no claim is named a.none"),
        ("same", "printed=1, 2; other=1", "printed of same is 2 values"),
        ("same", "printed=1; other=trials.randomised[trial=nobody]", "table trials has no row with trial=nobody"),
        ("same", "printed=1", "missing"),
        ("rerun", "quantity=estimate; printed=1; review=qu2021; outcome=vas_pain; month=soon", "invalid literal"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_claim(rule, inputs, says):
    with pytest.raises(ValueError, match="claim 'a.one': .*" + says.replace("(", r"\(")):
        judged(("1", 1.0, rule, inputs))


def test_only_some_claims():
    both = claims(PLAIN, ("2", 2.0, "same", "printed=@.two; other=@.one"))
    assert ledger.evaluate_claims(both, only=["a.two"]).values.tolist() == [["a.two", "consistent", "2 and 2 agree."]]
    with pytest.raises(ValueError, match=r"only names a\.four, but there is no such claim"):
        ledger.evaluate_claims(both, only=["a.four"])


def test_inputs_shared_by_two_rules():
    shared = ("-2.1", -2.1, "centred + p_from_interval", "estimate=@.one; low=-4.0; high=-0.2; p=0.03")
    assert judged(shared)[0] == ["consistent"]


def test_every_rule_is_documented():
    assert len(_claim_rules.rules()) >= 25
    assert all(rule.__doc__ for rule in _claim_rules.rules().values())


def test_a_result_is_rerun_only_when_every_trial_of_that_month_is_held():
    held = _claim_rules.rerun("estimate", "-8.14", "qu2021", "womac_function", 3)
    assert held.verdict == "differs"
    for quantity in ("low", "high", "p"):
        assert _claim_rules.rerun(quantity, "0.5", "qu2021", "womac_function", 3).verdict == "differs"
    missing = _claim_rules.rerun("estimate", "-1.13", "qu2021", "vas_pain", 3)
    assert missing.verdict == "not_applicable"
    assert "Varma 2010" in missing.says
    assert _claim_rules.rerun("estimate", "6.71", "qu2021", "ikdc", 18).verdict == "not_applicable"


def test_a_rerun_that_agrees_is_reproduced():
    fit = _claim_rules._refit("qu2021", "womac_function", 12)
    text = f"{float(fit.estimate):.2f}"
    assert _claim_rules.rerun("estimate", text, "qu2021", "womac_function", 12).verdict == "reproduced"


def test_falls_names_and_sizes():
    assert _claim_rules.percent_fall("36", ["61", "65.3"], ["39.7", "40.5"]).verdict == "reproduced"
    assert _claim_rules.names_reference("Emadedin", "qu2021", "27").verdict == "consistent"
    with pytest.raises(ValueError, match="ref is '99'"):
        _claim_rules.names_reference("Nobody", "qu2021", "99")
    assert _claim_rules.sizes_exceed("20", "qu2021").verdict == "consistent"
    assert _claim_rules.sizes_span("30", "60", "qu2021").verdict == "contradicted"
    assert _claim_rules.reporting_trials("3", ["27", "28", "29"], "qu2021", "womac_function").verdict == "consistent"
    refs = ["27", "29", "30", "31", "33", "35"]
    six = _claim_rules.reporting_trials("6", refs, "qu2021", "vas_pain")
    assert six.says == "With Lamo-Espinosa 2016, whose own report has it, there are 7."
    assert six.verdict == "contradicted"
    assert _claim_rules.reporting_trials("7", refs, "qu2021", "vas_pain").verdict == "consistent"


def test_the_command_writes_the_verdicts(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "data"
    shutil.copytree(data.find(), folder)
    path = folder / "claims.csv"
    right = path.read_text(encoding="utf-8")
    wrong = right.replace(",contradicted,", ",consistent,", 1)
    assert wrong != right
    path.write_text(wrong, encoding="utf-8")
    monkeypatch.setenv("MSCMETA_DATA", str(folder))
    assert ledger.main() == 0
    assert path.read_text(encoding="utf-8") == right
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("consistent -> contradicted")
    assert said[-1].endswith("claims, 1 verdicts changed")

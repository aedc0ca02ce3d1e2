from server.simulate.page import page


def entry(mean: float, half: float) -> dict[str, object]:
    return {"mean": mean, "ci95": [mean - half, mean + half]}


REPORT = {
    "seeds": 20,
    "first_seed": 1,
    "workload": "centre",
    "baseline": "skills-greedy",
    "policies": {
        "skills-greedy": {
            "asa_s": entry(20.0, 1.0),
            "resolution_pct": entry(70.0, 0.5),
            "channels": {"mail": {"asa_s": entry(900.0, 10.0)}},
        },
        "warmline": {
            "asa_s": entry(15.0, 1.0),
            "resolution_pct": entry(69.0, 0.5),
            "channels": {"mail": {"asa_s": entry(800.0, 10.0)}},
            "difference": {"asa_s": entry(-5.0, 0.5), "resolution_pct": entry(-1.0, 0.2)},
        },
    },
}


def test_the_page_has_figures_differences_and_what_they_mean() -> None:
    text = page(REPORT, "run_pbx.py sim --workload centre.yaml", "2026-11-26")
    assert "2026-11-26, `run_pbx.py sim --workload centre.yaml`" in text
    assert "| speed of answer, s | 20.0 ± 1.0 | 15.0 ± 1.0 |" in text
    assert "| speed of answer, s | -5.0 ± 0.5 (-25.0 %) better |" in text
    assert "| first-contact resolution, % | -1.00 ± 0.20 (-1.4 %) worse |" in text
    assert "| mail | warmline | 800.0 ± 10.0 |" in text
    assert "longest wait" not in text


def test_without_the_baseline_there_are_no_differences() -> None:
    alone = {**REPORT, "policies": {"skills-greedy": REPORT["policies"]["skills-greedy"]}}  # type: ignore[index]
    assert "Against" not in page(alone, "x", "2026-11-26")

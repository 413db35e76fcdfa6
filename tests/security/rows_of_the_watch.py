"""Who is answered what at the addresses of what is measured of a dataset and learned from it; see `routes`."""

from tests.security.rows import API_NOT, API_OWN, API_SIGNED, EDITORS, NO_GET, NO_POST, OWN, SIGNED, call, page

OF_PROFILES = [
    call("/datasets/{dataset}/profile", API_OWN, API_NOT),
    call("/datasets/{dataset}/profiles", API_OWN, API_NOT),
    call("/datasets/{dataset}/profiles/series", API_OWN, API_NOT, query="?metric=rows"),
    call("/datasets/{dataset}/profiles/compare", "401 404 404 404 404", API_NOT, open=(404, 405)),
    call("/datasets/{dataset}/profiles/{profile}/again", API_NOT, "401 404 403 409 409", open=(405, 404)),
]
OF_EXPECTATIONS = [
    call("/datasets/{dataset}/expectations", API_OWN, API_NOT),
    call(
        "/datasets/{dataset}/expectations/policy",
        API_OWN,
        "401 404 403 200 200",
        method="put",
        body={"policy": "accept"},
        open=(200, 404),
    ),
    call("/datasets/{dataset}/expectations/look", API_NOT, "401 404 403 200 200", open=(405, 404)),
    call("/datasets/{dataset}/expectations/checks", API_OWN, API_NOT),
    call("/datasets/{dataset}/expectations/{expectation}", API_OWN, API_NOT),
    call("/datasets/{dataset}/expectations/{expectation}/trial", API_OWN, API_NOT),
    call("/datasets/{dataset}/expectations/{expectation}/accept", API_NOT, "401 404 403 200 200", open=(405, 404)),
    call("/datasets/{dataset}/expectations/{expectation}/edit", API_NOT, "401 404 403 200 200", open=(405, 404)),
    call("/datasets/{dataset}/expectations/{expectation}/retire", API_NOT, "401 404 403 200 200", open=(405, 404)),
    call(
        "/datasets/{dataset}/expectations/{expectation}/label",
        API_NOT,
        "401 404 403 200 200",
        body={"profile": "{profile}", "verdict": "fine"},
        open=(405, 404),
    ),
]
PAGES = [
    page("/profiles/{profile}/label", NO_GET, EDITORS, body={"verdict": "fine"}, open=(405, 404)),
    page("/datasets/{dataset}/expectations", OWN, NO_POST),
    page("/datasets/{dataset}/expectations/policy", NO_GET, EDITORS, body={"policy": "accept"}, open=(405, 404)),
    page("/datasets/{dataset}/expectations/look", NO_GET, EDITORS, open=(405, 404)),
    page("/datasets/{dataset}/expectations/checks.yaml", OWN, NO_POST),
    page("/expectations/{expectation}/", OWN, NO_POST),
    page("/expectations/{expectation}/accept", NO_GET, EDITORS, open=(405, 404)),
    page("/expectations/{expectation}/edit", NO_GET, EDITORS, body={"max": "20"}, open=(405, 404)),
    page("/expectations/{expectation}/retire", NO_GET, EDITORS, open=(405, 404)),
    page("/expectations/{expectation}/label/{profile}", NO_GET, EDITORS, body={"verdict": "fine"}, open=(405, 404)),
]
PAGES_OF_ANOMALIES = [
    page("/alerts/{alert}/label", NO_GET, EDITORS, body={"label": "fine"}, open=(405, 404)),
    page("/alerts/{alert}/unusual", OWN, NO_POST),
    page("/anomalies/", SIGNED, NO_POST),
    page("/anomalies/{anomaly}/", OWN, NO_POST),
    page("/anomalies/{anomaly}/label", NO_GET, EDITORS, body={"label": "bad"}, open=(405, 404)),
    page("/datasets/{dataset}/unusual", OWN, NO_POST),
    page("/datasets/{dataset}/sensitivity", NO_GET, EDITORS, body={"value": "1"}, open=(405, 404)),
]
OF_ANOMALIES = [
    call("/alerts/{alert}/label", API_NOT, "401 404 403 409 409", body={"label": "fine"}, open=(405, 404)),
    call("/anomalies", API_SIGNED, API_NOT),
    call("/anomalies/{anomaly}", API_OWN, API_NOT),
    call("/anomalies/{anomaly}/label", API_NOT, "401 404 403 200 200", body={"label": "bad"}, open=(405, 404)),
    call("/datasets/{dataset}/judgements", API_OWN, API_NOT),
    call(
        "/datasets/{dataset}/sensitivity",
        API_OWN,
        "401 404 403 200 200",
        body={"value": "1"},
        method="put",
        open=(200, 404),
    ),
]

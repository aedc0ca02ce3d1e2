import pytest

from config.explain import allowed, describe, json_schema, key_rule, known_keys, nearest, unit


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (("sip", "listen", 0, "port"), "a whole number from 0 to 65535"),
        (("sip", "listen"), "a list of at least 1 entry"),
        (("node", "drain_grace_s"), "a number from 0 to 3600 seconds"),
        (("queues", 0, "announce_every_s"), "a number of at least 5 seconds"),
        (("queues", 0, "service_level", "share"), "a number over 0 and at most 1"),
        (("queues", 0, "announce_position"), "true or false"),
        (("queues", 0, "language"), "one of en, zh"),
        (("agents", 0, "skills"), "a mapping of names to a whole number from 1 to 5"),
        (
            ("agents", 0, "languages"),
            "a mapping of names to a whole number from 1 to 5 that is not empty",
        ),
        (("agents", 0, "extension"), "2 to 8 digits"),
        (("trunks", 0, "digest"), "a mapping with the keys username, password"),
        (("cells", "memory_mib_max"), "a whole number of at least 16 MiB"),
        (("nowhere",), "nothing"),
        (("sip", 3), "nothing"),
    ],
)  # fmt: skip
def test_what_is_allowed_in_words(keys, words):
    assert allowed(keys) == words


def test_what_a_schema_does_not_say():
    assert describe({}) == "another value"
    assert describe({"type": "string"}) == "text"
    assert describe({"type": "array", "maxItems": 3}) == "a list of at most 3 entries"
    assert describe({"type": "integer", "maximum": 3}) == "a whole number of at most 3"
    assert describe({"type": "object"}) == "a mapping"


def test_every_value_of_the_file_can_be_described():
    def walk(shape):
        for key, inner in shape.get("properties", {}).items():
            assert describe(inner, key) or "$ref" in inner or "anyOf" in inner
        for inner in shape.get("$defs", {}).values():
            walk(inner)

    walk(json_schema())


def test_keys_that_a_mapping_may_have():
    assert known_keys(("queues", 0, "service_level")) == ("target_s", "share")
    assert known_keys(("agents", 0, "skills")) == ()
    assert known_keys(("nowhere",)) == ()
    assert key_rule(("queues", 0, "service_level")) == "the keys target_s, share"
    assert key_rule(("agents", 0, "languages")) == (
        "a BCP 47 language tag such as en, zh, fr or zh-Hant-TW"
    )


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("ring_time", "ring_s"),
        ("Ring-S", "ring_s"),
        ("wrapup_s", "wrap_up_s"),
        ("langauge", "language"),
        ("number", "numbers"),
        ("zzz", None),
        ("", None),
    ],
)
def test_the_nearest_known_key(word, meant):
    assert nearest(word, known_keys(("queues", 0))) == meant


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("ring_s", "seconds"),
        ("wait_s_max", "seconds"),
        ("expires_default_s", "seconds"),
        ("requests_per_source_per_s", "per second"),
        ("memory_mib_max", "MiB"),
        ("message_bytes_max", "bytes"),
        ("delay_ms", "milliseconds"),
        ("port_max", ""),
        ("addresses", ""),
    ],
)
def test_the_unit_is_the_end_of_the_name(name, word):
    assert unit(name) == word

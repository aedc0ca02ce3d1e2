from domain.agent import AgentState
from store.opening import open_store


async def test_the_last_wish_outlives_a_restart(tmp_path, clock):
    async with open_store(tmp_path, clock) as store:
        assert await store.wishes.load() == {}
        store.wishes.save("anna", AgentState.NOT_READY, "lunch | 午饭")
        store.wishes.save("anna", AgentState.READY, "")
        store.wishes.save("bert", AgentState.NOT_READY, "lunch | 午饭")
    async with open_store(tmp_path, clock) as store:
        assert await store.wishes.load() == {
            "anna": (AgentState.READY, ""),
            "bert": (AgentState.NOT_READY, "lunch | 午饭"),
        }
        assert store.wishes.behind.failures == 0

from store.opening import open_store


async def test_a_place_outlives_a_restart(tmp_path, clock):
    async with open_store(tmp_path, clock) as store:
        assert await store.cursors.load() == {}
        store.cursors.save("webhook/desk", 7)
        store.cursors.save("webhook/desk", 2**40)
        store.cursors.save("webhook/crm", 5)
    async with open_store(tmp_path, clock) as store:
        assert await store.cursors.load() == {"webhook/desk": 2**40, "webhook/crm": 5}
        assert store.cursors.behind.failures == 0


async def test_a_reader_who_is_no_more_is_forgotten(tmp_path, clock):
    async with open_store(tmp_path, clock) as store:
        store.cursors.save("webhook/desk", 7)
        store.cursors.save("webhook/crm", 5)
    async with open_store(tmp_path, clock) as store:
        await store.cursors.forget("webhook/desk")
        await store.cursors.forget("nobody")
        assert await store.cursors.load() == {"webhook/crm": 5}

"""Order, augmentation and rates of a run's epochs; networks of any kind, resumed."""

# --- order, flips, rates


def test_order_depends_on_seed_and_epoch_alone() -> None:
    first = draw_batches(RUN, 3, 100, True)
    noise = torch.rand(())
    torch.manual_seed(99)
    draw_batches(RUN, 1, 100, True)
    draw_batches(RUN, 2, 77, True)
    second = draw_batches(replace(RUN, epochs=50, learning_rate=1.0), 3, 100, True)
    assert torch.equal(first.indices, second.indices)
    assert torch.equal(first.flips, second.flips)
    assert torch.rand(()) == noise  # Dropout follows.
    for other in (
        draw_batches(RUN, 4, 100, True),
        draw_batches(replace(RUN, seed=4), 3, 100, True),
    ):
        assert not torch.equal(first.indices, other.indices)
    assert first.indices.sort().values.tolist() == list(range(100))


def test_half_of_the_batches_are_flipped_where_flips_are_asked_for() -> None:
    run = replace(RUN, batch_size=1)
    flips = torch.cat([draw_batches(run, epoch, 1000, True).flips for epoch in (1, 2)])
    assert abs(float(flips.float().mean()) - 0.5) < 5 * 0.5 / math.sqrt(2000)
    assert not draw_batches(run, 1, 1000, False).flips.any()
    assert len(draw_batches(replace(RUN, batch_size=7), 1, 22, True).flips) == 4


def test_schedule() -> None:
    run = replace(RUN, learning_rate=0.05, schedule=((30, 1.0), (10, 0.1), (5, 0.01)))
    rates = [rate_at(run, epoch) for epoch in range(1, 60)]
    assert rates == pytest.approx([0.05] * 30 + [0.005] * 10 + [0.0005] * 19)
    assert {rate_at(RUN, epoch) for epoch in range(1, 60)} == {RUN.learning_rate}

"""Muon for matrices, and AdamW for the rest."""

import copy

import torch

from fer_exp.training.muon import MuonAndAdamW


def test_muon_steps_matrices_as_pytorchs_and_the_rest_as_adamw():
    """Also where it goes on from a kept state, whose rate a scheduler has changed."""
    start = torch.linspace(-1, 1, 6).reshape(2, 3), torch.linspace(0, 1, 3)
    theirs, ours, again = ([torch.nn.Parameter(each.clone()) for each in start] for _ in range(3))
    muon = torch.optim.Muon([theirs[0]], lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    pair = muon, torch.optim.AdamW([theirs[1]], lr=0.01, weight_decay=0.1)
    whole = MuonAndAdamW(ours, lr=0.01, weight_decay=0.1)
    resumed = MuonAndAdamW(again, lr=0.5)
    for step in range(4):
        if step == 2:
            resumed.load_state_dict(copy.deepcopy(whole.state_dict()))
            for place, weights in enumerate(again):
                weights.data.copy_(ours[place].data)
            for group in (
                *whole.param_groups,
                *resumed.param_groups,
                *(each.param_groups[0] for each in pair),
            ):
                group["lr"] = 0.002
        for weights in (*theirs, *ours, *again):
            weights.grad = torch.cos(weights.detach() * (step + 2))
        for each in (*pair, whole, resumed):
            each.step()
    for one, two, three in zip(theirs, ours, again, strict=True):
        assert torch.equal(one, two)
        assert torch.equal(one, three)

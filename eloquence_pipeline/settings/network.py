"""Networks that can be simulated, by their names."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import NetworkPlan, parse_conditions
from eloquence_pipeline.settings.sections import Section, wrong_together
from eloquence_pipeline.settings.values import OptionalPath


class Profile(NamedTuple):
    """A network with a name.

    Attributes
    ----------
    conditions
        As for ``--network``.
    source
        Where the figures come from.
    """

    conditions: str
    source: str


BUILT_IN_PROFILES = {
    "clean": Profile("", "nothing is lost or late, but everything goes through the relay, which counts it"),
    "wifi": Profile(
        "loss=0.2,latency=3,jitter=5",
        "chosen, no standard: an access point in the same room that others use as well",
    ),
    "4g": Profile(
        "loss=0.2,latency=85,jitter=15,bandwidth=9000",
        "WebPageTest's connectivity profile 4G: 170 ms there and back, 9 Mbit/s; loss and jitter are chosen",
    ),
    "3g": Profile(
        "loss=1,latency=150,jitter=30,downlink.bandwidth=1600,uplink.bandwidth=768",
        "WebPageTest's 3G: 300 ms there and back, 1600 and 768 kbit/s; loss and jitter are chosen",
    ),
    "train": Profile(
        "loss=1,latency=85,jitter=30,bandwidth=9000,outage=1,every=15",
        "4g at speed: a gap of 1 s at every handover, one each 15 s; the gaps are chosen, no standard",
    ),
    "kitchen-wifi": Profile(
        "loss=8,burst=5,latency=5,jitter=15",
        "chosen, no standard: a microwave oven shares the 2.4 GHz, and takes some 100 ms at a time",
    ),
    "satellite": Profile(
        "loss=0.5,burst=3,latency=270,jitter=10",
        "geostationary: 35 786 km up and down again are 239 ms at the speed of light, the rest is for the "
        "way on the ground; loss and jitter are chosen",
    ),
}


def _conditions(text: str) -> str:
    parse_conditions(text)
    return text


ProfileName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
ProfileText = Annotated[str, AfterValidator(_conditions)]
NO_PROFILES: dict[str, str] = {}


class NetworkSettings(Section):
    """Simulated networks, for `--network`."""

    default: str = Field(
        default="", description="Network of every test that is given no `--network`; the real one if empty."
    )
    ca_file: OptionalPath = Field(
        default=None,
        description="Certificates (PEM) to trust besides those of the system when a network is simulated in "
        "front of a `wss://` server of your own authority.",
    )
    profiles: dict[ProfileName, ProfileText] = Field(
        default=NO_PROFILES,
        description="Networks of your own by name, each as in `--network`: `loss=5,latency=100,jitter=20`; "
        "one that is called like a built-in network takes its place.",
    )

    @field_validator("default")
    @classmethod
    def _default_is_conditions(cls, text: str) -> str:
        return _conditions(text) if "=" in text else text

    @model_validator(mode="after")
    def _default_is_known(self) -> Self:
        name = self.default.strip()
        if name and "=" not in name and name not in self.names:
            raise wrong_together(f"there is no network named {name!r}: {', '.join(self.names)}", "default")
        return self

    @property
    def names(self) -> list[str]:
        """The networks that have a name."""
        return list(dict.fromkeys([*BUILT_IN_PROFILES, *self.profiles]))

    def plan(self, asked: str) -> NetworkPlan | None:
        """Return what a network that is asked for does; None for the real one.

        Parameters
        ----------
        asked
            A name, conditions as text, or nothing.

        Raises
        ------
        ConfigurationError
            If there is no such network, or the conditions are malformed.
        """
        text = asked.strip()
        if not text:
            return None
        try:
            if "=" in text:
                return NetworkPlan(name="", conditions=parse_conditions(text))
            if text in self.profiles:
                return NetworkPlan(name=text, conditions=parse_conditions(self.profiles[text]))
        except ValueError as error:
            raise ConfigurationError(
                str(error), remedy="give conditions such as loss=5,latency=100"
            ) from None
        if text in BUILT_IN_PROFILES:
            return NetworkPlan(name=text, conditions=parse_conditions(BUILT_IN_PROFILES[text].conditions))
        near = get_close_matches(text, self.names, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigurationError(
            f"there is no network named {text!r}",
            remedy=f"{hint}there are {', '.join(self.names)}, and conditions such as loss=5,latency=100",
        )

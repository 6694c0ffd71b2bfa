"""The settings of the store of the evidence."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from eloquence_pipeline.settings.sections import Section, wrong_together
from eloquence_pipeline.settings.values import FOLDER_SCHEME, BlockName, BucketName, OptionalPath, StoreUrl

LONGEST_LINK_SECONDS = 7 * 24 * 3600
"""No S3 server signs for longer."""


class StorageSettings(Section):
    """The store of the evidence; without an endpoint or bucket the embedded MinIO is used."""

    endpoint_url: StoreUrl = Field(
        default="",
        description="Address of the S3 server, that of AWS if only a bucket is named; or file:///folder.",
    )
    bucket: BucketName = Field(default="", description="Bucket of the evidence.")
    prefix: str = Field(default="", description="Put before every key in the bucket.")
    region: str = Field(default="us-east-1", description="Region of the bucket.")
    addressing: Literal["auto", "path", "virtual"] = Field(
        default="auto",
        description="Where the bucket stands: in the path, or in the host name (virtual); auto takes the "
        "path with an endpoint, and what AWS prefers without.",
    )
    access_key: SecretStr = Field(
        default=SecretStr(""), description="Access key; AWS's own places are asked if it is empty."
    )
    secret_key: SecretStr = Field(default=SecretStr(""), description="Secret of the access key.")
    access_key_block: BlockName = Field(
        default="", description="Prefect Secret block to take the access key from."
    )
    secret_key_block: BlockName = Field(
        default="", description="Prefect Secret block to take the secret of the access key from."
    )
    session_token: SecretStr = Field(
        default=SecretStr(""), description="Session token, where the access key is a temporary one."
    )
    ca_file: OptionalPath = Field(
        default=None,
        description="Certificates (PEM) to trust in the place of those of the system, for an https:// "
        "server of your own authority.",
    )
    create_bucket: bool = Field(default=False, description="Create the bucket when it is missing.")
    patience_seconds: Annotated[float, Field(ge=1, le=3600)] = Field(
        default=60.0,
        description="A store that has taken nothing more for so long is given up for this time; the evidence "
        "stays on this machine.",
    )
    link_seconds: Annotated[int, Field(ge=1, le=LONGEST_LINK_SECONDS)] = Field(
        default=LONGEST_LINK_SECONDS, description="How long a link to a file of a run can be opened."
    )

    @property
    def is_users_own(self) -> bool:
        """Whether the settings name a store, so that none has to be embedded."""
        return bool(self.endpoint_url or self.bucket)

    @property
    def is_folder(self) -> bool:
        """Whether the store is a folder and no S3 server."""
        return self.endpoint_url.startswith(FOLDER_SCHEME)

    @model_validator(mode="after")
    def _folder_without_bucket(self) -> Self:
        if self.is_folder and self.bucket:
            raise wrong_together("a folder has no bucket; name the one or the other", "bucket")
        return self

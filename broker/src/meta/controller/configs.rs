//! IncrementalAlterConfigs (rule 74).

use crate::wire::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

use super::Controller;
use super::draft::Draft;

impl Controller {
    /// Changes single settings of resources.
    pub(super) fn alter_configs(
        &self,
        draft: &mut Draft,
        request: &IncrementalAlterConfigsRequest,
    ) -> IncrementalAlterConfigsResponse {
        let _ = (draft, request);
        todo!()
    }
}

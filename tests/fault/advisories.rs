//! The advisories of the field.

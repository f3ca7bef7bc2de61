//! The operations of reports, which reports that are asked for and those that are listed share
//! (amazon.md: Default rates).

use crate::operation::Operation;

pub(crate) const CREATE_REPORT: Operation =
    Operation::post("createReport", "/reports/2021-06-30/reports").rate(0.0167, 15).creates();
pub(crate) const GET_REPORTS: Operation = Operation::get("getReports", "/reports/2021-06-30/reports").rate(0.0222, 10);
pub(crate) const GET_REPORT: Operation =
    Operation::get("getReport", "/reports/2021-06-30/reports/{reportId}").rate(2.0, 15);
pub(crate) const GET_REPORT_DOCUMENT: Operation =
    Operation::get("getReportDocument", "/reports/2021-06-30/documents/{reportDocumentId}").rate(0.0167, 15);
pub(crate) const CREATE_RESTRICTED_DATA_TOKEN: Operation =
    Operation::post("createRestrictedDataToken", "/tokens/2021-03-01/restrictedDataToken").rate(1.0, 10);

/*
into = "finance_events"
severity = "warn"
doc = "Amazon has added a list of events: its amounts count as money, though some of them may be sums of others."
*/
SELECT event_list, currency, count(*) AS lines, sum(amount) AS amount
FROM finance_events
WHERE lower(event_list) NOT IN (
    'adhocdisbursementeventlist', 'adjustmenteventlist', 'affordabilityexpenseeventlist',
    'affordabilityexpensereversaleventlist', 'capacityreservationbillingeventlist', 'chargebackeventlist',
    'chargerefundeventlist', 'couponpaymenteventlist', 'debtrecoveryeventlist',
    'ebtrefundreimbursementonlyeventlist', 'failedadhocdisbursementeventlist', 'fbaliquidationeventlist',
    'guaranteeclaimeventlist', 'imagingservicesfeeeventlist', 'loanservicingeventlist',
    'networkcomminglingtransactioneventlist', 'paywithamazoneventlist', 'productadspaymenteventlist',
    'refundeventlist', 'removalshipmentadjustmenteventlist', 'removalshipmenteventlist',
    'rentaltransactioneventlist', 'retrochargeeventlist', 'safetreimbursementeventlist',
    'sellerdealpaymenteventlist', 'sellerreviewenrollmentpaymenteventlist', 'servicefeeeventlist',
    'serviceprovidercrediteventlist', 'shipmenteventlist', 'shipmentsettleeventlist', 'taxwithholdingeventlist',
    'tdsreimbursementeventlist', 'trialshipmenteventlist', 'valueaddedservicechargeeventlist'
)
GROUP BY event_list, currency

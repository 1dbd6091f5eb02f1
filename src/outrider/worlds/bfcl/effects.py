"""What each of the 128 functions does to its world. The package does not say; it is declared here, and tests hold it.

``none`` is said only where no run of the function changes anything that another function, or the same one, could see. Some names
promise that and do not keep it:

- ``get_flight_cost`` leaves what it found for ``book_flight``;
- ``get_outside_temperature_from_google`` and ``get_current_speed`` are drawn from a generator that they advance.

Each of these is a ``write``. So is ``contact_customer_support``: nothing changes in the simulation, but what it stands for is a
message that leaves the house. ``verify_traveler_information`` asks today's date, which no copy of this world holds: a ``read``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from outrider.model import Effect

_Api: TypeAlias = Mapping[Effect, str]

_FILES: Final[_Api] = {
    "none": "pwd ls cat find wc sort grep du tail diff",
    "write": "cd mkdir touch echo mv rm rmdir cp",
}
_MATHS: Final[_Api] = {
    "none": "logarithm mean standard_deviation si_unit_conversion imperial_si_conversion add subtract multiply divide power "
    "square_root absolute_value round_number percentage min_value max_value sum_values",
}
_MESSAGES: Final[_Api] = {
    "none": "list_users get_user_id message_get_login_status view_messages_sent search_messages get_message_stats",
    "write": "message_login send_message delete_message add_contact",
}
_POSTS: Final[_Api] = {
    "none": "posting_get_login_status list_all_following get_tweet get_user_tweets search_tweets get_tweet_comments "
    "get_user_stats",
    "write": "authenticate_twitter post_tweet retweet comment mention follow_user unfollow_user",
}
_TICKETS: Final[_Api] = {
    "none": "get_ticket ticket_get_login_status get_user_tickets",
    "write": "create_ticket close_ticket resolve_ticket edit_ticket ticket_login logout",
}
_TRADING: Final[_Api] = {
    "none": "get_current_time get_symbol_by_name get_stock_info get_order_details get_account_info trading_get_login_status "
    "get_watchlist get_order_history get_transaction_history get_available_stocks filter_stocks_by_price notify_price_change",
    "write": "cancel_order place_order withdraw_funds trading_login trading_logout fund_account remove_stock_from_watchlist "
    "add_to_watchlist",
}
_TRAVEL: Final[_Api] = {
    "none": "travel_get_login_status get_budget_fiscal_year get_credit_card_balance retrieve_invoice get_booking_history "
    "list_all_airports compute_exchange_rate get_nearest_airport_by_city get_all_credit_cards",
    "read": "verify_traveler_information",
    "write": "authenticate_travel register_credit_card get_flight_cost book_flight cancel_booking set_budget_limit "
    "purchase_insurance contact_customer_support",
}
_VEHICLE: Final[_Api] = {
    "none": "get_outside_temperature_from_weather_com displayCarStatus display_log estimate_drive_feasibility_by_mileage "
    "liter_to_gallon gallon_to_liter estimate_distance get_zipcode_based_on_city check_tire_pressure find_nearest_tire_shop",
    "write": "startEngine fillFuelTank lockDoors adjustClimateControl get_outside_temperature_from_google setHeadlights "
    "activateParkingBrake pressBrakePedal releaseBrakePedal setCruiseControl get_current_speed set_navigation",
}


def _by_function(*apis: _Api) -> Mapping[str, Effect]:
    return {name: effect for api in apis for effect, names in api.items() for name in names.split()}


EFFECTS: Final = _by_function(_FILES, _MATHS, _MESSAGES, _POSTS, _TICKETS, _TRADING, _TRAVEL, _VEHICLE)
"""The effect of each function, by its name; no two of the APIs share one."""

package intake

import "time"

// Form is an order as it was typed. Nothing in it has been checked; an absent number or time is nil.
type Form struct {
	Customer  Person   `json:"customer"`
	ShipTo    *ShipTo  `json:"ship_to"`
	Reference string   `json:"customer_reference"`
	Currency  string   `json:"currency"`
	Lines     []Line   `json:"lines"`
	Delivery  Delivery `json:"delivery"`
	Terms     Terms    `json:"terms"`
	Invoice   Invoice  `json:"invoice"`
	Note      string   `json:"note"`
}

// Person is the customer: a known one by ID, or one by name and phone, who is looked up by phone or made new.
type Person struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Phone  string `json:"phone"`
	Email  string `json:"email"`
	Locale string `json:"locale"` // zh-CN or en; zh-CN where nothing is said
}

// ShipTo is the consignee. Name and phone default to the customer's.
type ShipTo struct {
	Name    string   `json:"name"`
	Phone   string   `json:"phone"`
	Address *Address `json:"address"`
}

// Address is an address in China. Country defaults to CN.
type Address struct {
	Country  string `json:"country"`
	Province string `json:"province"`
	City     string `json:"city"`
	District string `json:"district"`
	Street   string `json:"street"`
	Detail   string `json:"detail"`
	Postcode string `json:"postcode"`
}

// Line is one product or service. Money is a plain decimal in the order's currency.
type Line struct {
	SKU         string       `json:"sku"`
	Quantity    *int64       `json:"quantity"`
	UnitPrice   string       `json:"unit_price"`
	Discount    string       `json:"discount"`
	Spec        string       `json:"spec"`
	Note        string       `json:"note"`
	Appointment *Appointment `json:"appointment"`
}

// Appointment is the time that was agreed for a service.
type Appointment struct {
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
}

// Delivery is how goods are to reach the customer.
type Delivery struct {
	Method     string     `json:"method"`
	Fee        string     `json:"fee"`
	PromisedAt *time.Time `json:"promised_at"`
}

// Terms are the terms of payment and of what follows the sale.
type Terms struct {
	Payment        string `json:"payment"`
	Deposit        string `json:"deposit"`
	CreditDays     int64  `json:"credit_days"`
	AfterSalesDays *int64 `json:"after_sales_days"` // DefaultAfterSalesDays where nothing is said
	WarrantyMonths int64  `json:"warranty_months"`
}

// Invoice is the invoice that was asked for.
type Invoice struct {
	Kind      string `json:"kind"`
	Title     string `json:"title"`
	TaxNumber string `json:"tax_number"`
}

package rest

import (
	"net/http"

	"amends/orders"
)

type stockReceiptForm struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Quantity  *int64 `json:"quantity"`
	Reference string `json:"reference"`
}

// receiveStock books goods in and serves the lines that wait for them, the oldest approval first.
func (s *Server) receiveStock(c *call) error {
	var form stockReceiptForm
	submission, f, err := c.form(&form)
	if err != nil {
		return err
	}
	receipt := orders.GoodsReceipt{
		Key: c.recordID(submission), Actor: c.actor,
		SKU: f.required("sku", form.SKU, 64), Warehouse: f.required("warehouse", form.Warehouse, 64),
		Reference: f.required("reference", form.Reference, 100),
	}
	if form.Quantity == nil {
		f.add("quantity", codeRequired)
	} else {
		receipt.Quantity = f.quantity("quantity", *form.Quantity)
	}
	if len(f.list) > 0 {
		return invalid(f.list)
	}
	isNew, err := s.database.ReceiveStock(c.Request().Context(), receipt)
	if err != nil {
		return err
	}
	if !isNew {
		return c.recordedBefore("", receipt.Key, true)
	}
	return c.recorded("", receipt.Key)
}

type levelBody struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	OnHand    int64  `json:"on_hand"`
	Reserved  int64  `json:"reserved"`
	Free      int64  `json:"free"`
}

type stockBody struct {
	Items []levelBody `json:"items"`
}

func (s *Server) readStock(c *call) error {
	if err := c.parameters("sku"); err != nil {
		return err
	}
	f := &fields{}
	sku := f.text("sku", c.QueryParam("sku"), 64)
	if len(f.list) > 0 {
		return invalid(f.list)
	}
	levels, err := s.database.StockLevels(c.Request().Context(), sku)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, stockBody{Items: viewAll(levels, func(l orders.StockLevel) levelBody {
		return levelBody{l.SKU, l.Warehouse, l.OnHand, l.Reserved, l.OnHand - l.Reserved}
	})})
}

//go:build long

package orders_test

import "testing"

// TestProofNoSequenceOfFourBreaksAnOrder is the check of the model in its whole length, which takes a minute or two: four
// moves for every shape with prompt tasks, and for goods that are authorised with every answer as a move of its own.
func TestProofNoSequenceOfFourBreaksAnOrder(t *testing.T) {
	const whole = 4
	for _, shape := range shapes {
		t.Run(shape.name, func(t *testing.T) {
			t.Parallel()
			shape.look(t, true, whole)
		})
	}
	t.Run("every answer a move", func(t *testing.T) {
		t.Parallel()
		shapes[0].look(t, false, whole)
	})
}
